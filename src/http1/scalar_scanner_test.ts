import { testScanner } from '../../tests/conformance/scanner_suite.ts';
import { ScalarScanner } from './scalar_scanner.ts';

testScanner('ScalarScanner', (bytes, options) => new ScalarScanner(bytes, options));
