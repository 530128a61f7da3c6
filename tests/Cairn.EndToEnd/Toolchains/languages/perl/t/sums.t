use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use Encode;
use JSON::PP;
use Test::More;

use Sums;

is(Sums::total(1, 2), 3);
is(JSON::PP->new->encode([1]), '[1]');
is(length sha256_hex(''), 64);
is(length decode('UTF-8', "ä"), 1);

done_testing;
