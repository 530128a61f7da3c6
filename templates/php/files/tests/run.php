<?php

declare(strict_types=1);

require_once __DIR__ . '/../src/Greeting.php';

use @@name:pascal@@\Greeting;

$failed = 0;
$equal = static function (string $name, mixed $expected, mixed $actual) use (&$failed): void {
    if ($expected !== $actual) {
        $failed++;
        fwrite(STDERR, sprintf("%s: expected %s, not %s\n", $name, var_export($expected, true), var_export($actual, true)));
    }
};

$equal('it names who is greeted', 'Hello, World!', Greeting::for('World'));
$equal('it greets nobody too', 'Hello, !', Greeting::for(''));
@@if kind=service@@

// The page as a web server would call it.
$page = static function (string $path): string {
    $_SERVER['REQUEST_URI'] = $path;
    ob_start();
    require __DIR__ . '/../public/index.php';
    return (string) ob_get_clean();
};
$equal('it greets', 'Hello, World!', $page('/hello/World'));
$equal('it knows nothing else', 'not found', $page('/'));
@@end@@

echo $failed === 0 ? "all tests passed\n" : "$failed failed\n";
exit($failed === 0 ? 0 : 1);
