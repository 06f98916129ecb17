/* Which quota of which cgroup counts, in trees laid out in a temporary folder. Compiled with the library's own source of it. */
#include "../../Sources/CPlatform/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64];
static int passed, failed;

static void run(const char *command)
{
    char text[512];
    snprintf(text, sizeof text, "%s '%s'", command, root);
    if (system(text) != 0)
        perror(text);
}

static void begin(void)
{
    strcpy(root, "/tmp/gln-cgroup-XXXXXX");
    if (mkdtemp(root) == NULL) {
        perror(root);
        exit(2);
    }
}

/* Writes a file of the tree, with the folders above it. */
static void put_bytes(const char *path, const char *bytes, size_t size)
{
    char full[8192];
    FILE *file;
    snprintf(full, sizeof full, "%s%s", root, path);
    for (char *slash = strchr(full + strlen(root) + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    file = fopen(full, "w");
    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(full);
        exit(2);
    }
}

static void put(const char *path, const char *text)
{
    put_bytes(path, text, strlen(text));
}

static void expect(const char *name, int expected)
{
    const int found = gln_cgroup_cpus(root);
    if (found == expected) {
        passed++;
    } else {
        failed++;
        printf("  FAILED %s: %d CPUs instead of %d\n", name, found, expected);
    }
}

static void finish(const char *name, int expected)
{
    expect(name, expected);
    run("rm -rf");
}

#define V2_MOUNT "25 30 0:23 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1_MOUNT "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
#define OTHERS "22 28 0:21 / /proc rw shared:5 - proc proc rw\n34 31 0:31 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n"

static void version_2(void)
{
    begin();
    finish("nothing at all", 0);

    begin();
    put("/proc/self/cgroup", "0::/a.slice/b.service\n");
    put("/proc/self/mountinfo", OTHERS V2_MOUNT);
    expect("no cpu.max", 0);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "max 100000\n");
    expect("max", 0);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "150000 100000\n");
    expect("rounded up", 2);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "200000 100000\n");
    expect("exact", 2);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "1000 100000\n");
    expect("at least 1", 1);
    put("/sys/fs/cgroup/a.slice/b.service/cpu.max", "800000 100000\n");
    put("/sys/fs/cgroup/a.slice/cpu.max", "300000 100000\n");
    expect("the slice above is smaller", 3);
    put("/sys/fs/cgroup/a.slice/cpu.max", "900000 100000\n");
    expect("the slice above is larger", 8);
    put("/sys/fs/cgroup/a.slice/other.service/cpu.max", "100000 100000\n");
    expect("a neighbour", 8);
    put("/sys/fs/cgroup/cpu.max", "250000 50000\n");
    expect("the mount's root", 5);
    put("/proc/self/mountinfo", "");
    expect("the usual place", 5);
    unlink(strcat(root, "/proc/self/mountinfo"));
    *strstr(root, "/proc") = '\0';
    expect("no mountinfo", 5);
    put("/proc/self/cgroup", "0::/gone/away\n");
    expect("a group that is not there", 5);
    put("/proc/self/cgroup", "0::/../../a.slice\n");
    put("/sys/a.slice/cpu.max", "100000 100000\n");
    expect("a group outside of the namespace", 5);
    unlink(strcat(root, "/proc/self/cgroup"));
    *strstr(root, "/proc") = '\0';
    finish("no cgroup file", 5);

    begin();
    put("/proc/self/cgroup", "0::/docker/1234/app\n");
    put("/proc/self/mountinfo", "25 30 0:23 /docker/1234 /my\\040groups rw - cgroup2 cgroup2 rw\n");
    put("/my groups/app/cpu.max", "400000 100000\n");
    expect("a part is mounted, at another place", 4);
    put("/proc/self/cgroup", "0::/docker/1234\n");
    put("/my groups/cpu.max", "600000 100000\n");
    expect("the part itself", 6);
    put("/proc/self/cgroup", "0::/docker/12345/app\n");
    finish("the group of another container", 6);
}

static void version_1(void)
{
    begin();
    put("/proc/self/cgroup", "9:name=systemd:/x\n5:cpuset:/y\n4:cpu,cpuacct:/a/b\n3:memory:/z\n");
    put("/proc/self/mountinfo", OTHERS V1_MOUNT);
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
    expect("no quota", 0);
    put("/sys/fs/cgroup/cpu,cpuacct/a/b/cpu.cfs_quota_us", "350000\n");
    expect("rounded up", 4);
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n");
    expect("above, without a period", 4);
    put("/sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "50000\n");
    expect("above", 2);
    put("/sys/fs/cgroup/cpuset/y/cpu.cfs_quota_us", "1\n");
    put("/sys/fs/cgroup/cpuset/y/cpu.cfs_period_us", "1\n");
    expect("another hierarchy", 2);
    put("/proc/self/mountinfo", OTHERS);
    expect("the usual place", 2);
    put("/proc/self/mountinfo", OTHERS V1_MOUNT V2_MOUNT);
    put("/proc/self/cgroup", "4:cpuacct,cpu:/a/b\n0::/u\n");
    put("/sys/fs/cgroup/u/cpu.max", "max 100000\n");
    expect("both versions, the first limits", 2);
    put("/sys/fs/cgroup/u/cpu.max", "100000 100000\n");
    expect("both versions, the second limits", 1);
    put("/proc/self/cgroup", "4:cpu,cpuacct:/docker/77\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "700000\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    finish("a group that is not there", 7);

    begin();
    put("/proc/self/cgroup", "2:cpu:/\n");
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000");
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
    finish("cpu alone, no ends of lines", 2);
}

static void junk(void)
{
    static const char *const contents[] = {
        "",       "\n",          "max",     "100000",   "100000 ",    "-5 100000", "100000 0",
        "0 100000", "x y",        " 1 1",    "1\t1",     "100000 -1",  "99999999999999999999999 1",
        "1 99999999999999999999999", "9000000000000000000 1", "\377\376\001"};
    static const char lines[] = "\0\0:::\n::\n:\nx\n0:\n0::\n0::a\n4:cpu\n0::/a";
    static char longer[200000];
    size_t i, length = 0;
    begin();
    put("/proc/self/cgroup", "0::/a\n");
    for (i = 0; i < sizeof contents / sizeof *contents; i++) {
        put("/sys/fs/cgroup/a/cpu.max", contents[i]);
        expect(contents[i], 0);
    }
    put_bytes("/sys/fs/cgroup/a/cpu.max", "100000\0 100000\n", 15);
    expect("a NUL", 0);
    put("/sys/fs/cgroup/a/cpu.max", "500000 100000 and more\n");
    expect("more words", 5);
    put_bytes("/proc/self/cgroup", lines, sizeof lines - 1);
    expect("lines that are none", 5);
    memset(longer, 'x', sizeof longer);
    put_bytes("/proc/self/cgroup", longer, sizeof longer);
    expect("one long line", 0);
    memcpy(longer + 150000, "\n0::/a\n", 7);
    put_bytes("/proc/self/cgroup", longer, sizeof longer);
    expect("a line after a long one", 5);
    memcpy(longer + 150000, "\n" V2_MOUNT, sizeof V2_MOUNT);
    put_bytes("/proc/self/mountinfo", longer, sizeof longer);
    expect("a mount after a long line", 5);
    put("/proc/self/mountinfo", "a - cgroup2\n - \n -  \n1 2 3 - cgroup2 x y\n25 30 0:23 / - cgroup2 cgroup2 rw\n");
    expect("mounts that are none", 5);

    /* Groups within groups, up to the longest path that fits, and beyond it. */
    for (length = 0; length < 7000; length += 100) {
        memcpy(longer + length, "/", 1);
        memset(longer + length + 1, 'g', 99);
    }
    memmove(longer + 5, longer, 7000);
    memcpy(longer, "0::/a", 5);
    put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    for (length = 5; length < 7000; length += 97) {
        put_bytes("/proc/self/cgroup", longer, length);
        expect("a long path", length < 3900 ? 5 : length > 4100 ? 0 : gln_cgroup_cpus(root));
    }
    run("rm -rf");

    begin();
    put("/proc/self/cgroup/folder", "");
    put("/sys/fs/cgroup/cpu.max/folder", "");
    finish("folders in place of files", 0);
}

int main(void)
{
    version_2();
    version_1();
    junk();
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
