/* SPDX-License-Identifier: Apache-2.0 */
/* module.c owns the register of functions that are run by name. */
#include <nsexec/module.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "lib/args.h"

/* The places of nsexec_call_args.ns_fd, which are those of the NSEXEC_NS_* bits. */
enum { PLACE_MNT = 1, PLACE_PID = 2, PLACE_NET = 3 };

struct module {
	struct module *next;
	nsexec_call_fn *function;
	char name[];
};

struct nsexec_modules {
	struct module *first;
};

struct nsexec_modules *nsexec_modules_new(void)
{
	return calloc(1, sizeof(struct nsexec_modules));
}

struct nsexec_modules *nsexec_modules_free(struct nsexec_modules *modules)
{
	if (modules == NULL)
		return NULL;

	for (struct module *next, *module = modules->first; module != NULL; module = next) {
		next = module->next;
		free(module);
	}
	free(modules);
	return NULL;
}

static const struct module *find_module(const struct nsexec_modules *modules, const char *name)
{
	const struct module *module = modules->first;

	while (module != NULL && strcmp(module->name, name) != 0)
		module = module->next;
	return module;
}

int nsexec_module_register(struct nsexec_modules *modules, const char *name,
			   nsexec_call_fn *function, struct nsexec_err *err)
{
	if (modules == NULL || name == NULL || name[0] == '\0' || function == NULL)
		return nsx_err_set(err, -EINVAL, "check-args", "modules, name, function",
				   NSX_HINT_NONE);
	if (find_module(modules, name) != NULL)
		return nsx_err_set(err, -EEXIST, "register", name, NSX_HINT_NONE);

	size_t bytes = strlen(name) + 1;
	struct module *module = calloc(1, sizeof(*module) + bytes);

	if (module == NULL)
		return nsx_err_set(err, -ENOMEM, "malloc", name, NSX_HINT_NONE);
	memcpy(module->name, name, bytes);
	module->function = function;
	module->next = modules->first;
	modules->first = module;
	return 0;
}

int64_t nsexec_module_run(const struct nsexec_modules *modules, const char *name,
			  const struct nsexec_module_args *args, void *buf, size_t buf_size,
			  struct nsexec_err *err)
{
	struct nsexec_module_args own;
	int r = nsx_args_take(&own, sizeof(own), args, err);

	if (r < 0)
		return r;
	if (modules == NULL || name == NULL || own.flags != 0 ||
	    (own.params == NULL && own.params_size != 0))
		return nsx_err_set(err, -EINVAL, "check-args", "modules, name, flags, params",
				   NSX_HINT_NONE);

	const struct module *module = find_module(modules, name);

	if (module == NULL)
		return nsx_err_set(err, -ENOENT, "find-module", name, NSX_HINT_NONE);

	struct nsexec_module_params params = { .bytes = own.params, .size = own.params_size };
	struct nsexec_call_args call = {
		.size = sizeof(call),
		.flags = NSEXEC_CALL_FORK | NSEXEC_CALL_CLOSE_FDS,
		.root_fd = own.root_fd,
		.cwd_fd = own.cwd_fd,
		.timeout_ms = own.timeout_ms,
	};

	call.ns_fd[PLACE_MNT] = own.mnt_fd;
	call.ns_fd[PLACE_PID] = own.pid_fd;
	call.ns_fd[PLACE_NET] = own.net_fd;
	return nsexec_call(&call, module->function, &params, buf, buf_size, NULL, err);
}
