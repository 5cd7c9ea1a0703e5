# Pairs of versions, one a line, by dpkg's own Perl modules.
use strict;
use warnings;
use Dpkg::Version;

while (my $line = <STDIN>) {
    chomp $line;
    my ($a, $b) = split /\t/, $line;
    my ($x, $y) = map { Dpkg::Version->new($_, check => 1) } $a, $b;
    my $order = $x && $y ? $x <=> $y : undef;
    print !defined $order ? "?" : $order < 0 ? "<" : $order > 0 ? ">" : "=", "\n";
}
