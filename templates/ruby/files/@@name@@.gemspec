# frozen_string_literal: true

Gem::Specification.new do |spec|
  spec.name = '@@name@@'
  spec.version = '0.1.0'
  spec.summary = 'Greets'
  spec.homepage = 'https://example.org/@@name@@'
  spec.authors = ['@@author:quoted@@']
@@if license@@
  spec.license = '@@license@@'
@@end@@
  spec.required_ruby_version = '>= 3.0'
  spec.files = Dir['lib/**/*.rb', 'bin/*']
@@if kind=app@@
  spec.bindir = 'bin'
  spec.executables = ['@@name@@']
@@end@@
end
