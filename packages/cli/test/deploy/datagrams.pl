# Prints the datagrams that come to a unix socket, one a line: what systemd would hear. Perl is part of every Debian.
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
