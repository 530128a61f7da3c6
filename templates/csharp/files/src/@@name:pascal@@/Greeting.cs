namespace @@name:pascal@@;

/// <summary>Greets.</summary>
public static class Greeting
{
    /// <summary>A greeting for someone.</summary>
    public static string For(string who)
    {
        ArgumentNullException.ThrowIfNull(who);
        return $"Hello, {who}!";
    }
}
