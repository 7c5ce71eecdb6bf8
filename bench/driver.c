// SPDX-License-Identifier: Apache-2.0
/*
 * driver ROUNDS WARMUP PAUSE_MS TIMEOUT_MS SEED <SPEC
 *
 * Times contenders, interleaved in random order.
 *
 * SPEC has one contender per line, fields separated by tabs:
 *
 *   NAME  EVERY  exec   PROGRAM [ARG...]    start it and wait for it; measured here
 *   NAME  EVERY  serve  PROGRAM [ARG...]    start it once; for each byte on its standard input it
 *                                           does its job and answers with 8 bytes: nanoseconds, or
 *                                           a negative errno
 *
 * EVERY: take part in each EVERYth round only (slow ones). Output: "NAME <tab> NANOSECONDS" for
 * each run after the warm-up; "NAME <tab> FAIL <tab> REASON" once for one that did not exit with 0;
 * it is out then.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTENDERS_MAX = 32, ARGS_MAX = 64, REASON_MAX = 400 };

struct contender {
	const char *name;
	long every;
	bool serves;
	bool out;
	pid_t pid; /* of a server */
	int in;    /* to it */
	int ret;   /* from it */
	char *argv[ARGS_MAX + 1];
};

struct options {
	long rounds, warmup, pause_ms, timeout_ms;
};

static char *contender_envp[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL
};
static volatile sig_atomic_t running_pid;
static volatile sig_atomic_t timed_out;
static int stderr_log = -1;
static uint64_t random_state;

static void on_alarm(int sig)
{
	(void)sig;
	timed_out = 1;
	if (running_pid > 0)
		(void)kill((pid_t)running_pid, SIGKILL);
}

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "driver: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int64_t now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void set_alarm(long ms)
{
	struct itimerval it = { .it_value = { ms / 1000, ms % 1000 * 1000 } };

	(void)setitimer(ITIMER_REAL, &it, NULL);
}

static void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) < 0 && errno == EINTR)
		;
}

/* What the contender said on stderr, on one line. */
static void read_log(char *text, size_t size)
{
	ssize_t n = pread(stderr_log, text, size - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	for (char *p = text; *p; p++) {
		if (*p == '\n' || *p == '\t')
			*p = ' ';
	}
	if (ftruncate(stderr_log, 0) < 0)
		die("ftruncate");
}

static void say_why(int status, char *reason)
{
	int n = snprintf(reason, REASON_MAX,
			 "%s %d%s: ", WIFSIGNALED(status) ? "signal" : "exit status",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			 timed_out ? " after the time limit" : "");

	read_log(reason + n, REASON_MAX - (size_t)n);
}

/* Return: nanoseconds, or -1 with the reason. */
static int64_t run_exec(const struct contender *c, long timeout_ms, char *reason)
{
	int64_t start, end;
	int status = 0;
	pid_t pid, waited;
	int r;

	timed_out = 0;
	set_alarm(timeout_ms);

	start = now_ns();
	r = posix_spawn(&pid, c->argv[0], NULL, NULL, c->argv, contender_envp);
	if (r != 0) {
		set_alarm(0);
		snprintf(reason, REASON_MAX, "spawn: %s", strerror(r));
		return -1;
	}

	running_pid = pid;
	while ((waited = waitpid(pid, &status, 0)) < 0 && errno == EINTR)
		;
	end = now_ns();

	running_pid = 0;
	set_alarm(0);
	if (waited == pid && status == 0 && !timed_out)
		return end - start;

	say_why(status, reason);
	return -1;
}

static int64_t run_server(const struct contender *c, long timeout_ms, char *reason)
{
	struct pollfd p = { .fd = c->ret, .events = POLLIN };
	int64_t answer = -1;
	int n;

	if (write(c->in, "g", 1) == 1 && poll(&p, 1, (int)timeout_ms) == 1 &&
	    read(c->ret, &answer, sizeof(answer)) == (ssize_t)sizeof(answer) && answer >= 0)
		return answer;

	n = snprintf(reason, REASON_MAX,
		     "server: %s: ", answer == -1 ? "no answer" : strerror((int)-answer));
	read_log(reason + n, REASON_MAX - (size_t)n);
	return -1;
}

static int64_t run_one(const struct contender *c, const struct options *o, char *reason)
{
	return c->serves ? run_server(c, o->timeout_ms, reason) :
			   run_exec(c, o->timeout_ms, reason);
}

static void start_server(struct contender *c)
{
	posix_spawn_file_actions_t actions;
	int in[2], ret[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(ret, O_CLOEXEC) < 0)
		die("pipe");

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, in[0], 0);
	(void)posix_spawn_file_actions_adddup2(&actions, ret[1], 1);
	errno = posix_spawn(&c->pid, c->argv[0], &actions, NULL, c->argv, contender_envp);
	if (errno != 0)
		die(c->argv[0]);

	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(in[0]);
	(void)close(ret[1]);
	c->in = in[1];
	c->ret = ret[0];
}

static void stop_server(const struct contender *c)
{
	(void)close(c->in);
	(void)close(c->ret);
	(void)kill(c->pid, SIGKILL);
	(void)waitpid(c->pid, NULL, 0);
}

static bool parse_line(char *line, struct contender *c)
{
	char *save = NULL;
	const char *every, *kind;
	char *arg;
	size_t n = 0;

	c->name = strtok_r(line, "\t", &save);
	every = strtok_r(NULL, "\t", &save);
	kind = strtok_r(NULL, "\t", &save);
	if (!c->name || !every || !kind)
		return false;

	c->every = strtol(every, NULL, 10);
	c->serves = strcmp(kind, "serve") == 0;
	while (n < ARGS_MAX && (arg = strtok_r(NULL, "\t", &save)) != NULL)
		c->argv[n++] = arg;
	return n > 0 && c->every > 0;
}

static size_t read_spec(struct contender *list)
{
	char *line = NULL;
	size_t size = 0, n = 0;

	while (n < CONTENDERS_MAX && getline(&line, &size, stdin) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (!parse_line(strdup(line), &list[n++])) {
			errno = EINVAL;
			die("a line of the list");
		}
	}
	free(line);
	return n;
}

/* Results go to an own descriptor; contenders get /dev/null and a log for their complaints. */
static FILE *redirect(void)
{
	char name[] = "/tmp/nsexec-bench-log-XXXXXX";
	int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	FILE *f;

	stderr_log = mkostemp(name, O_APPEND | O_CLOEXEC);
	if (out < 0 || null < 0 || stderr_log < 0)
		die("descriptors");
	(void)unlink(name);

	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(stderr_log, 2) < 0)
		die("dup2");

	f = fdopen(out, "w");
	if (!f)
		die("fdopen");
	return f;
}

static void shuffle(size_t *order, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = random_next() % i;
		size_t swapped = order[i - 1];

		order[i - 1] = order[j];
		order[j] = swapped;
	}
}

static void run_round(struct contender *list, const size_t *order, size_t n, long round,
		      const struct options *o, FILE *out)
{
	char reason[REASON_MAX];

	for (size_t i = 0; i < n; i++) {
		struct contender *c = &list[order[i]];
		int64_t ns;

		if (c->out || (round != -1 && round % c->every != 0))
			continue;

		if (o->pause_ms > 0 && round >= 0)
			sleep_ms(o->pause_ms);
		ns = run_one(c, o, reason);
		if (ns < 0) {
			fprintf(out, "%s\tFAIL\t%s\n", c->name, reason);
			c->out = true;
		} else if (round >= 0) {
			fprintf(out, "%s\t%lld\n", c->name, (long long)ns);
		}
	}
}

int main(int argc, char **argv)
{
	static struct contender list[CONTENDERS_MAX];
	struct sigaction sa = { .sa_handler = on_alarm };
	size_t order[CONTENDERS_MAX];
	struct options o;
	FILE *out;
	size_t n;

	if (argc != 6) {
		fprintf(stderr, "usage: driver ROUNDS WARMUP PAUSE_MS TIMEOUT_MS SEED <SPEC\n");
		return 2;
	}
	o.rounds = strtol(argv[1], NULL, 10);
	o.warmup = strtol(argv[2], NULL, 10);
	o.pause_ms = strtol(argv[3], NULL, 10);
	o.timeout_ms = strtol(argv[4], NULL, 10);
	random_state = strtoull(argv[5], NULL, 10) | 1;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing measures on when the bench is gone */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigaction(SIGALRM, &sa, NULL);
	n = read_spec(list);
	out = redirect();

	for (size_t i = 0; i < n; i++) {
		order[i] = i;
		if (list[i].serves)
			start_server(&list[i]);
	}
	for (long round = -o.warmup; round < o.rounds; round++) {
		shuffle(order, n);
		run_round(list, order, n, round, &o, out);
	}
	for (size_t i = 0; i < n; i++) {
		if (list[i].serves)
			stop_server(&list[i]);
	}
	return fclose(out) == 0 ? 0 : 2;
}
