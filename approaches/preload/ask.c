/* Asks what kubelet asks: the type of /, and a cgroup file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

int main(void)
{
    struct statfs found;
    char text[64] = "";
    int file = open("/sys/fs/cgroup/cpuacct/cpuacct.usage_percpu", O_RDONLY);
    const char *said = strerror(errno);

    if (statfs("/", &found) == 0) printf("the type of / is 0x%lx; ", (unsigned long)found.f_type);
    if (file >= 0 && read(file, text, sizeof text - 1) > 0) {
        text[strcspn(text, "\n")] = 0;
        said = text;
    }
    printf("cpuacct.usage_percpu: %s\n", said);
    return 0;
}
