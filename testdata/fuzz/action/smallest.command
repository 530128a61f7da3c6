
true