# frozen_string_literal: true

# Greets.
module @@name:pascal@@
  # A greeting for someone.
  def self.greet(who)
    "Hello, #{who}!"
  end
end
