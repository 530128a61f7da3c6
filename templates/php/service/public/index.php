<?php

declare(strict_types=1);

require_once __DIR__ . '/../src/Greeting.php';

$path = parse_url($_SERVER['REQUEST_URI'] ?? '/', PHP_URL_PATH) ?: '/';
header('Content-Type: text/plain; charset=utf-8');
if ($path === '/health') {
    echo 'ok';
} elseif (str_starts_with($path, '/hello/')) {
    echo @@name:pascal@@\Greeting::for(rawurldecode(substr($path, strlen('/hello/'))));
} else {
    http_response_code(404);
    echo 'not found';
}
