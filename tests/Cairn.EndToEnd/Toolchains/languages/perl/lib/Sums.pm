package Sums;

use strict;
use warnings;
use List::Util qw(sum0);

sub total { return sum0 @_ }

1;
