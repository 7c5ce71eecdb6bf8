/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bootstrap door: what one call of nsexec() knows. Three stages are processes of the runtime: stage 0 is the program
 * that it started, stage 1 joins and makes namespaces, stage 2 returns to the program in them. Stages 1 and 2 are the
 * runtime's own children (CLONE_PARENT), which it reaps.
 */
#ifndef NSX_BOOTSTRAP_BOOT_H
#define NSX_BOOTSTRAP_BOOT_H

#include "base_thread.h"
#include "bootstrap_log.h"
#include "bootstrap_message.h"
#include "lib_run.h"
#include "lib_step.h"

/* What stages 1 and 2 ask of stage 0, or tell it; each at most once, and the answer is an empty datagram. */
enum nsx_boot_ask {
	NSX_BOOT_MAPS = 1, /* write my id maps */
	NSX_BOOT_OFFSETS,  /* set the clocks of my time namespace */
	NSX_BOOT_SOURCES, /* open the sources of my mounts: one datagram for each, with a descriptor, before the answer */
	NSX_BOOT_PIDS,   /* stage 2: tell the runtime our pids */
	NSX_BOOT_DONE,   /* stage 2 needs us no more; it waits for no answer */
	NSX_BOOT_FAILED, /* with the record */
};

struct nsx_boot_datagram {
	uint32_t ask;
	uint32_t stage;
	struct nsx_err err;
};

struct nsx_boot {
	struct nsx_run run; /* first: the steps get this one, see nsx_boot_of() */
	struct nsx_log log;
	const struct nsx_boot_era *era;
	int stage;
	int init_fd; /* the runtime's socket, which stays open */
	int console_fd;
	int stage_fd[3]; /* pidfds of stages 1 and 2, for stage 0 */
	bool direct; /* stage 0 joins and makes stage 2 itself, for there is nothing to do outside meanwhile */
	bool late_cgroup; /* stage 2 makes the cgroup namespace */
	bool asked[NSX_BOOT_FAILED + 1];
	struct nsx_boot_message message;
	char *bytes; /* of the message */
	struct nsexec_plan *plan;
	struct nsx_spec *spec;
	struct nsx_page *page; /* pids, and the step of stage 1; stage 2 can not change it */
	struct nsx_page *note; /* the step of stage 2; shared with it */
	size_t page_bytes;
	struct nsx_thread thread; /* as the program has begun with it */
	int alive; /* the kernel clears it when stage 0 ends; that is what a stage 1 which does nothing waits for */
	struct nsx_page own;  /* what page is where stage 1 does nothing: a fork copies it */
	struct nsx_room room; /* last: it is not initialised */
};

static inline struct nsx_boot *nsx_boot_of(struct nsx_run *run)
{
	return (struct nsx_boot *)run;
}

/**
 * nsx_boot_pair_up() - Make the socket between the stages: for what only stage 0 can do, and to notice a death
 * @boot: of stage 0
 * @err:  detail on failure
 *
 * fork-safe: no.
 *
 * Return: 0, or what socketpair(2) says.
 */
int nsx_boot_pair_up(struct nsx_boot *boot, struct nsx_err *err);

/**
 * nsx_boot_ask() - Ask stage 0 for something, and wait until it is done
 * @boot: of stage 1 or 2
 * @ask:  for what
 * @err:  detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -ECANCELED (stage 0 is gone, or could not do it; it has said why).
 */
int nsx_boot_ask(struct nsx_boot *boot, enum nsx_boot_ask ask, struct nsx_err *err);

/**
 * nsx_boot_say() - Tell stage 0 something that it does not answer
 * @boot: of stage 1 or 2
 * @ask:  what
 * @err:  detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -ECANCELED (stage 0 is gone).
 */
int nsx_boot_say(struct nsx_boot *boot, enum nsx_boot_ask ask, struct nsx_err *err);

/**
 * nsx_boot_hear() - Wait for an answer of stage 0
 * @boot: of stage 1 or 2
 * @err:  detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -ECANCELED (stage 0 is gone, or could not do it; it has said why).
 */
int nsx_boot_hear(struct nsx_boot *boot, struct nsx_err *err);

/**
 * nsx_boot_tells_first() - Does stage 0 tell the pids, and answer, before stage 2 has asked
 * @boot: of any stage
 *
 * It does so unless stage 2 has something else to ask for before.
 *
 * fork-safe: yes.
 *
 * Return: whether it does.
 */
bool nsx_boot_tells_first(const struct nsx_boot *boot);

/**
 * nsx_boot_share() - A page that the stages made from now on have in common
 * @boot: of stage 0
 *
 * fork-safe: yes.
 *
 * Return: the page, boot->page_bytes long and zero, which the caller unmaps; NULL with errno.
 */
struct nsx_page *nsx_boot_share(const struct nsx_boot *boot);

/**
 * nsx_boot_serve() - A step of stage 0: answer until stage 2 is done
 * @run: the run
 * @err: detail on failure: also what another stage reported, or that it died
 *
 * fork-safe: no.
 *
 * Return: 0; when it fails, stages 1 and 2 have been killed.
 */
int nsx_boot_serve(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_boot_send_sources() - For stage 0: open mount sources in stage 1's mount namespace, and send them
 * @boot: of stage 0
 * @pid:  stage 1
 * @err:  detail on failure
 *
 * fork-safe: no.  Needs to be single-threaded, and CAP_SYS_ADMIN, CAP_SYS_CHROOT.
 *
 * Return: 0, or what setns(2) and open(2) say.
 */
int nsx_boot_send_sources(struct nsx_boot *boot, pid_t pid, struct nsx_err *err);

/**
 * nsx_boot_take_sources() - A step of stage 1: receive mount sources at the numbers of _LIBCONTAINER_MOUNT_FDS
 * @run: the run
 * @err: detail on failure
 *
 * fork-safe: yes.
 *
 * Return: 0, -EPROTO (as many numbers as sources are needed), -ECANCELED.
 */
int nsx_boot_take_sources(struct nsx_run *run, struct nsx_err *err);

/**
 * nsx_boot_protect_self() - Be executed from a file that no container can change (CVE-2019-5736)
 * @err: detail on failure
 *
 * Does not return if the program is executed again.
 * fork-safe: no.
 *
 * Return: 0 if that has been done before, else why it could not.
 */
int nsx_boot_protect_self(struct nsx_err *err);

/**
 * nsx_boot_write() - Write all bytes to the runtime
 * @fd:   its socket
 * @text: the bytes
 * @len:  how many
 *
 * fork-safe: yes.
 *
 * Return: 0, -errno; no signal when it is gone.
 */
int nsx_boot_write(int fd, const char *text, size_t len);

/**
 * nsx_boot_clone_nothing() - For stage 0: make a sibling that does nothing, and ends with status 0
 * @boot:  gets its pid, in boot->page->helper_pid
 * @lasts: until stage 0 has ended, and set_tid_address(2) is given a place in @boot for that; else it has ended, and shares
 *         our memory no more, when this returns
 *
 * fork-safe: no.
 *
 * Return: 0, -errno.
 */
int nsx_boot_clone_nothing(struct nsx_boot *boot, bool lasts);

/* The tables of the stages; see stages.c. 2015 has no stage 1. */
extern const struct nsx_step nsx_boot_stage0_steps[], nsx_boot_stage1_steps[],
	nsx_boot_stage2_steps[];

#endif
