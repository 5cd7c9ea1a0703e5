/* Pairs of versions, one a line, by the libapk of a root filesystem, under that filesystem's own C library (musl). */
extern char *fgets(char *, int, void *);
extern void *fdopen(int, const char *);
extern int putchar(int);
extern int fflush(void *);
extern void exit(int);
extern char *strchr(const char *, int);
extern int apk_version_compare(const char *, const char *);

__attribute__((force_align_arg_pointer)) void _start(void) {
  static char line[4096];
  void *input = fdopen(0, "r");
  while (fgets(line, sizeof line, input)) {
    char *tab = strchr(line, '\t');
    char *end = strchr(line, '\n');
    int order;
    if (!tab || !end) exit(1);
    *tab = *end = 0;
    order = apk_version_compare(line, tab + 1);
    putchar(order == 1 ? '=' : order == 2 ? '<' : order == 4 ? '>' : '?');
    putchar('\n');
  }
  fflush(0);
  exit(0);
}
