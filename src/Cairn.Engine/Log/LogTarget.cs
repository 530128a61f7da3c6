namespace Cairn.Engine.Log;

/// <summary>Where what is signed is logged.</summary>
public abstract record LogTarget
{
    private LogTarget()
    {
    }

    /// <summary>Nowhere.</summary>
    public sealed record Off : LogTarget
    {
        private Off()
        {
        }

        /// <summary>It.</summary>
        public static Off Instance { get; } = new();
    }

    /// <summary>The machine's own log.</summary>
    public sealed record Local : LogTarget
    {
        private Local()
        {
        }

        /// <summary>It.</summary>
        public static Local Instance { get; } = new();
    }

    /// <summary>A log elsewhere.</summary>
    /// <param name="Url">Where it is.</param>
    /// <param name="Token">What lets one append; null for none.</param>
    public sealed record Remote(Uri Url, string? Token) : LogTarget;

    /// <summary>Reads <c>local</c>, <c>off</c>, or a URL; null for anything else. Without TLS only this machine is reached; a password in it would be told with every message about the log.</summary>
    public static LogTarget? TryParse(string text) => text switch
    {
        "local" => Local.Instance,
        "off" => Off.Instance,
        _ when Uri.TryCreate(text, UriKind.Absolute, out var url) && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback)) && url is { Query: "", Fragment: "", UserInfo: "" } => new Remote(url, null),
        _ => null,
    };
}
