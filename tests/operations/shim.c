/* Loaded before all other libraries, it sets a program's clock and breaks its libtiff. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* The wall clock, as many seconds off as a file says; time that only goes forward is left alone. */
int clock_gettime(clockid_t which, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(which, now);
    const char *path = getenv("CLOCK_OFF_BY");
    if (which == CLOCK_REALTIME && path) {
        FILE *file = fopen(path, "r");
        long off = 0;
        if (file) { if (fscanf(file, "%ld", &off) != 1) off = 0; fclose(file); }
        now->tv_sec += off;
    }
    return result;
}

/* libtiff with a fault in it. */
void *TIFFFdOpen(int fd, const char *name, const char *mode) {
    const char *fault = getenv("TIFF_FAULT");
    if (fault && *fault == 's') *(volatile int *)8 = 1;
    if (fault && *fault == 'a') abort();
    if (fault && *fault == 'e') _Exit(0);
    void *(*real)(int, const char *, const char *) = dlsym(RTLD_NEXT, "TIFFFdOpen");
    return real(fd, name, mode);
}
void *TIFFClientOpen(const char *name, const char *mode, void *handle, void *a, void *b, void *c, void *d, void *e,
                     void *f, void *g) {
    const char *fault = getenv("TIFF_FAULT");
    if (fault && *fault == 's') *(volatile int *)8 = 1;
    if (fault && *fault == 'a') abort();
    if (fault && *fault == 'e') _Exit(0);
    void *(*real)(const char *, const char *, void *, void *, void *, void *, void *, void *, void *, void *) =
        dlsym(RTLD_NEXT, "TIFFClientOpen");
    return real(name, mode, handle, a, b, c, d, e, f, g);
}
