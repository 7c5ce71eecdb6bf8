// SPDX-License-Identifier: Apache-2.0
//
// CloneParentTest.BasicTest in the form of a tutorial: a caller makes a sibling, which makes itself a user namespace and
// tells its pid over a socket pair. Other than there the caller is a child of the test, which so is the parent of both
// and can reap the sibling (who calls clone_parent() can not), and no number is taken for the one after another.
#include <cerrno>
#include <gtest/gtest.h>
#include <nsexec/clone_parent.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum stage { STAGE_PARENT = 0, STAGE_CHILD = 1 };
enum { CLOSE_FAILED = 101, WRITE_FAILED, CLONE_FAILED, READ_FAILED, WRONG_PID, HAS_CHILD };

// What the sibling does. Returns its exit status: 0, an errno of unshare(2), or one of the above.
static int be_child(const int ends[2])
{
	if (close(ends[0]) < 0)
		return CLOSE_FAILED;
	if (unshare(CLONE_NEWUSER) < 0)
		return errno;

	pid_t pid = getpid();

	return write(ends[1], &pid, sizeof(pid)) == sizeof(pid) ? 0 : WRITE_FAILED;
}

// What the caller does with the pid that clone_parent() gave it. Returns its exit status.
static int be_parent(const int ends[2], pid_t child)
{
	pid_t told = 0;

	if (child < 0)
		return CLONE_FAILED;
	if (close(ends[1]) < 0)
		return CLOSE_FAILED;

	ssize_t n = read(ends[0], &told, sizeof(told));

	if (n == 0)
		return 0; // it has ended without a word; its exit status says why
	if (n != sizeof(told))
		return READ_FAILED;
	if (told != child || told == getpid())
		return WRONG_PID;
	return waitpid(child, nullptr, __WALL) < 0 && errno == ECHILD ? 0 : HAS_CHILD;
}

// Runs on in two processes. Nothing here has a destructor, which a jump would leave out.
static int run_stages(const int ends[2])
{
	jmp_buf env;

	switch (setjmp(env)) {
	case STAGE_PARENT:
		return be_parent(ends, clone_parent(&env, STAGE_CHILD));
	case STAGE_CHILD:
		return be_child(ends);
	default:
		return -1;
	}
}

TEST(CloneParentTest, BasicTest)
{
	int ends[2];
	int status = 0;

	ASSERT_GE(socketpair(AF_LOCAL, SOCK_STREAM, 0, ends), 0);

	pid_t caller = fork();

	ASSERT_GE(caller, 0);
	if (caller == 0)
		_exit(run_stages(ends)); // of both
	ASSERT_EQ(close(ends[0]), 0);
	ASSERT_EQ(close(ends[1]), 0);

	ASSERT_EQ(waitpid(caller, &status, 0), caller);
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 0);

	pid_t sibling = waitpid(-1, &status, 0);

	ASSERT_GT(sibling, 0);
	ASSERT_NE(sibling, caller);
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == EPERM || WEXITSTATUS(status) == ENOSPC)
		GTEST_SKIP() << "user namespaces are off";
	EXPECT_EQ(WEXITSTATUS(status), 0);
}
