# Prints the datagrams that a unix socket receives, one a line, as systemd would receive them. Every Debian has Perl.
use strict;
use warnings;
use Socket;
$| = 1;
socket(my $socket, PF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
bind($socket, sockaddr_un($ARGV[0])) or die "bind: $!";
print "bound\n";
while (defined recv($socket, my $text, 4096, 0)) {
  $text =~ s/\n/ /g;
  print "$text\n";
}
