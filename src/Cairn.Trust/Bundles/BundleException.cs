namespace Cairn.Trust.Bundles;

/// <summary>Why something is no bundle, or no good one. What is told is for people; <see cref="Code"/> is for programs.</summary>
public sealed class BundleException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>A diagnostic code of the range of bundles.</summary>
    public string Code { get; } = code;
}
