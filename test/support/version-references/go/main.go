// Pairs of versions, one a line: `toolchain`, `module` or `bitnami` says which order is asked for.
package main

import (
	"bufio"
	goversion "go/version"
	"os"
	"strings"

	bitnami "github.com/bitnami/go-version/pkg/version"
	"golang.org/x/mod/semver"
)

func compareBitnami(a, b string) (int, bool) {
	x, err := bitnami.Parse(a)
	if err != nil {
		return 0, false
	}
	y, err := bitnami.Parse(b)
	if err != nil {
		return 0, false
	}
	return x.Compare(y), true
}

func main() {
	orders := map[string]func(a, b string) (int, bool){
		"toolchain": func(a, b string) (int, bool) {
			return goversion.Compare(a, b), goversion.IsValid(a) && goversion.IsValid(b)
		},
		"module": func(a, b string) (int, bool) {
			return semver.Compare(a, b), semver.IsValid(a) && semver.IsValid(b)
		},
		"bitnami": compareBitnami,
	}
	compare := orders[os.Args[1]]
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		a, b, _ := strings.Cut(lines.Text(), "\t")
		order, ok := compare(a, b)
		verdict := "?"
		if ok {
			verdict = []string{"<", "=", ">"}[order+1]
		}
		out.WriteString(verdict + "\n")
	}
}
