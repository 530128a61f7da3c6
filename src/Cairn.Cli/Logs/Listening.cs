using System.CommandLine;
using System.Net;

using Cairn.Cli.CommandLine;
using Cairn.Cli.Terminal;
using Cairn.Core.Diagnostics;
using Cairn.Engine.Serving;

namespace Cairn.Cli.Logs;

/// <summary>What commands that serve have in common: an address, and serving until a signal.</summary>
internal static class Listening
{
    /// <summary>The option <c>--listen</c>.</summary>
    public static Option<string> CreateOption(int port)
    {
        var option = new Option<string>("--listen") { Description = "Where to listen: an address of this machine and a port; [::]:PORT or 0.0.0.0:PORT for all addresses, port 0 for a free one", HelpName = "ADDRESS:PORT", DefaultValueFactory = _ => $"127.0.0.1:{port}" };
        option.Validators.Add(result =>
        {
            if (!TryParse(result.GetValue(option)!, out _))
            {
                result.AddError($"--listen takes an address and a port such as 127.0.0.1:{port} or [::1]:{port}, not `{result.GetValue(option)}`");
            }
        });
        return option;
    }

    /// <summary>Serves until a signal comes, and then lets requests come to their end.</summary>
    /// <param name="services">The world.</param>
    /// <param name="listen">The value of the option.</param>
    /// <param name="site">What is served.</param>
    /// <param name="began">Says what is served, and where.</param>
    /// <param name="beside">What is done meanwhile, until it is cancelled.</param>
    public static async Task<int> ServeAsync(CommandServices services, string listen, IHttpSite site, Func<Uri, string> began, Func<CancellationToken, Task>? beside)
    {
        if (!TryParse(listen, out var endpoint))
        {
            return ExitCodes.Usage;
        }

        using var ending = new Interruption(services.CancellationToken);
        try
        {
            await using var server = HttpServer.Start(endpoint, site, new HttpLimits(), services.Time);
            Say(services, began(new Uri($"http://{server.Endpoint}/")));
            await (beside ?? (static token => Task.Delay(Timeout.InfiniteTimeSpan, token)))(ending.Token);
        }
        catch (OperationCanceledException) when (ending.Token.IsCancellationRequested)
        {
            Say(services, "Ended");
        }
        catch (HttpListenException exception)
        {
            DiagnosticPrinter.Problem(services, exception.Message, "another process may have the port, or the address is not this machine's: give another one with --listen", DiagnosticCodes.ListenFailed);
            return ExitCodes.Usage;
        }

        return ExitCodes.Success;
    }

    /// <summary>A line for whoever started it. Of its own, for it is over at once.</summary>
    private static void Say(CommandServices services, string line) => services.Error.Write(line + "\n");

    private static bool TryParse(string text, out IPEndPoint endpoint)
    {
        var isEndpoint = IPEndPoint.TryParse(text, out var parsed) && text.LastIndexOf(':') > text.LastIndexOf(']') && (text.StartsWith('[') || text.IndexOf(':', StringComparison.Ordinal) == text.LastIndexOf(':'));
        endpoint = parsed ?? new IPEndPoint(IPAddress.Loopback, 0);
        return isEndpoint;
    }
}
