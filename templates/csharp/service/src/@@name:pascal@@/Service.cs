namespace @@name:pascal@@;

/// <summary>Greets over HTTP.</summary>
public static class Service
{
    /// <summary>The service, not started.</summary>
    public static WebApplication Create(string[] args)
    {
        var service = WebApplication.CreateBuilder(args).Build();
        service.MapGet("/health", () => "ok");
        service.MapGet("/hello/{who}", (string who) => Greeting.For(who));
        return service;
    }
}
