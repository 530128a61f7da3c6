package @@name:pascal@@;

use strict;
use warnings;

our $VERSION = '0.001';

=head1 NAME

@@name:pascal@@ - greets

=head1 FUNCTIONS

=head2 greet($who)

A greeting for someone.

=cut

sub greet {
    my ($who) = @_;
    return "Hello, $who!";
}

1;
