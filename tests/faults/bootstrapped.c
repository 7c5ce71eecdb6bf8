/* SPDX-License-Identifier: Apache-2.0 */
/* A program with the bootstrap constructor; ends with 7. */
extern void nsexec(void);

__attribute__((constructor)) static void enter(void)
{
	nsexec();
}

int main(void)
{
	return 7;
}
