# Pairs of versions, one a line, by R's compareVersion; `?` for what numeric_version refuses or holds no number for.
lines <- strsplit(readLines(file("stdin")), "\t", fixed = TRUE)
a <- vapply(lines, `[`, "", 1L)
b <- vapply(lines, `[`, "", 2L)
readable <- function(texts) {
  versions <- suppressWarnings(numeric_version(texts, strict = FALSE))
  vapply(unclass(versions), function(numbers) length(numbers) > 0L && !anyNA(numbers), TRUE)
}
ok <- readable(a) & readable(b)
order <- rep(NA_real_, length(a))
order[ok] <- mapply(utils::compareVersion, a[ok], b[ok])
writeLines(ifelse(ok, c("<", "=", ">")[order + 2], "?"))
