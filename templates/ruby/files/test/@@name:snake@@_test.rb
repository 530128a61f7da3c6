# frozen_string_literal: true

require 'minitest/autorun'
require '@@name:snake@@'

class @@name:pascal@@Test < Minitest::Test
  def test_names_who_is_greeted
    assert_equal 'Hello, World!', @@name:pascal@@.greet('World')
  end

  def test_greets_nobody_too
    assert_equal 'Hello, !', @@name:pascal@@.greet('')
  end
end
