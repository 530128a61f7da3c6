using @@name:pascal@@;
using @@name:pascal@@.Tests;

var checks = new Checks();
checks.Equal("For_Names_Who_Is_Greeted", "Hello, World!", Greeting.For("World"));
checks.Throws<ArgumentNullException>("For_Refuses_Null", () => Greeting.For(null!));
@@if kind=service@@

await using var service = Service.Create(["--urls", "http://127.0.0.1:0"]);
await service.StartAsync();
using (var client = new HttpClient { BaseAddress = new Uri(service.Urls.First()) })
{
    checks.Equal("Service_Greets", "Hello, World!", await client.GetStringAsync("/hello/World"));
    checks.Equal("Service_Is_Healthy", "ok", await client.GetStringAsync("/health"));
}

await service.StopAsync();
@@end@@
return checks.Report();
