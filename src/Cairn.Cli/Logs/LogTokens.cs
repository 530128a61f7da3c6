using Cairn.Engine.Configuration;

namespace Cairn.Cli.Logs;

/// <summary>What lets one append to a log elsewhere.</summary>
internal static class LogTokens
{
    /// <summary>The variable that has it.</summary>
    public const string Variable = "CAIRN_LOG_TOKEN";

    private const int BytesMax = 4 << 10;

    /// <summary>The token of the environment, or of the file that the configuration names; null where there is none.</summary>
    public static string? Find(CommandServices services, Settings settings)
    {
        if (services.Variable(Variable) is { } token)
        {
            return TokenOf(token);
        }

        try
        {
            return settings.LogTokenFile is { } path && new FileInfo(path) is { Exists: true, Length: <= BytesMax } ? TokenOf(File.ReadAllText(path)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The token that a text is, blanks and line ends around it left out; null for what cannot stand in a header.</summary>
    internal static string? TokenOf(string text) => text.Trim() is { Length: > 0 } token && !token.AsSpan().ContainsAnyExceptInRange('!', '~') ? token : null;
}
