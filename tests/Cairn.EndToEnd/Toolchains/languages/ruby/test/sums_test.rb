# frozen_string_literal: true

require 'json'
require 'minitest/autorun'
require 'openssl'
require 'yaml'

class SumsTest < Minitest::Test
  def test_sum
    assert_equal 3, [1, 2].sum
  end

  def test_extensions
    assert_equal({ 'a' => 1 }, JSON.parse('{"a":1}'))
    assert_equal({ 'a' => 1 }, YAML.safe_load('a: 1'))
    refute_empty OpenSSL::Digest::SHA256.hexdigest('')
  end
end
