/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzzer over the files of directories, without libFuzzer: replay DIRECTORY... */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int run_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	size_t room = 0;
	size_t size = 0;
	size_t n;

	if (file == NULL) {
		perror(path);
		return 1;
	}
	do {
		if (size == room) {
			room = room * 2 + 4096;
			bytes = realloc(bytes, room);
			if (bytes == NULL)
				abort();
		}
		n = fread(bytes + size, 1, room - size, file);
		size += n;
	} while (n > 0);
	(void)fclose(file);

	/* of the exact size, so that the sanitizer sees a step too far */
	uint8_t *exact = malloc(size > 0 ? size : 1);

	if (exact == NULL)
		abort();
	if (size > 0)
		memcpy(exact, bytes, size);
	free(bytes);
	fprintf(stderr, "%s\n", path);
	(void)LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned count = 0;
	int r = 0;

	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);

		if (dir == NULL) {
			perror(argv[i]);
			return 1;
		}
		for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
			char path[4096];

			if (entry->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path), "%s/%s", argv[i], entry->d_name);
			r |= run_file(path);
			count++;
		}
		(void)closedir(dir);
	}
	printf("%u inputs\n", count);
	return r || count == 0;
}
