/* Pairs of versions, one a line, by dpkg's own library. */
#define LIBDPKG_VOLATILE_API 1
#include <dpkg/dpkg.h>
#include <dpkg/dpkg-db.h>
#include <dpkg/version.h>
#include <stdio.h>
#include <string.h>

/* dpkg orders what it only warns about. */
static int read_version(struct dpkg_version *version, const char *text) {
  struct dpkg_error error = DPKG_ERROR_INIT;
  return parseversion(version, text, &error) < 0 && error.type != DPKG_MSG_WARN ? -1 : 0;
}

int main(void) {
  static char line[8192];
  while (fgets(line, sizeof line, stdin)) {
    struct dpkg_version a, b;
    char *tab = strchr(line, '\t');
    char *end = strchr(line, '\n');
    int order;
    if (!tab || !end) return 1;
    *tab = *end = 0;
    if (read_version(&a, line) < 0 || read_version(&b, tab + 1) < 0) {
      puts("?");
      continue;
    }
    order = dpkg_version_compare(&a, &b);
    puts(order < 0 ? "<" : order > 0 ? ">" : "=");
  }
  return 0;
}
