<?php

declare(strict_types=1);

require __DIR__ . '/sums.php';

assert(total(1, 2) === 3);
assert(mb_strlen("\u{e4}\u{f6}") === 2);
assert(simplexml_load_string('<a><b>3</b></a>')->b == '3');
assert(php_ini_loaded_file() === '/etc/php/8.2/cli/php.ini');
assert(extension_loaded('PDO') && extension_loaded('Phar') && extension_loaded('Zend OPcache'));
echo "right\n";
