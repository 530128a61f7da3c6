use strict;
use warnings;

use Test::More tests => 2;

use @@name:pascal@@;

is( @@name:pascal@@::greet('World'), 'Hello, World!', 'it names who is greeted' );
is( @@name:pascal@@::greet(''),      'Hello, !',      'it greets nobody too' );
