using @@name:pascal@@;

Console.WriteLine(Greeting.For(args is [var who, ..] ? who : "World"));
