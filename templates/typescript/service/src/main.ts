#!/usr/bin/env node
import { createService } from './service.js';

createService().listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
