#!/usr/bin/env node
import { greet } from './greeting.js';

console.log(greet(process.argv[2] ?? 'World'));
