using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Cairn.Store.Roots;

/// <summary>Something of the host that a kept root shows.</summary>
/// <param name="Host">Where it stands on the host.</param>
/// <param name="Target">Where the step saw it.</param>
/// <param name="Writable">Whether the step could change it.</param>
public sealed record KeptMount(string Host, string Target, bool Writable);

/// <summary>
/// Everything that it takes to enter the root of a failed attempt again, but for the values of secrets. The form of <c>root.json</c>, which stands beside the root's
/// own files: <c>upper/</c>, what the step wrote, and <c>small/</c>, the layer that was only in memory.
/// </summary>
public sealed record KeptRoot
{
    /// <summary>The format that this Cairn writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The format.</summary>
    public required int Format { get; init; }

    /// <summary>The run.</summary>
    public required string Run { get; init; }

    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>Its attempt, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The project's folder.</summary>
    public required string Project { get; init; }

    /// <summary>When the attempt ended.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>How it ended, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>The read-only folders below <c>upper/</c>, the uppermost first, relative to the store.</summary>
    public required ImmutableArray<string> Layers { get; init; }

    /// <summary>What of the host is mounted over them.</summary>
    public required ImmutableArray<KeptMount> Mounts { get; init; }

    /// <summary><c>none</c>, <c>shared</c> or <c>host</c>.</summary>
    public required string Network { get; init; }

    /// <summary>The machine's name as the step saw it.</summary>
    public required string Hostname { get; init; }

    /// <summary>The file mode creation mask.</summary>
    public required int Umask { get; init; }

    /// <summary>Open files of one process.</summary>
    public required long OpenFiles { get; init; }

    /// <summary>Processes at once; null for no bound of its own.</summary>
    public long? Processes { get; init; }

    /// <summary>Bytes of memory; null for no bound.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>Processors; null for no bound.</summary>
    public double? Cpus { get; init; }

    /// <summary>Bytes that it could write; null for no bound.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>Processors that it saw; null for all.</summary>
    public int? VisibleCpus { get; init; }

    /// <summary>Its variables without those that hold secrets.</summary>
    public required ImmutableSortedDictionary<string, string> Environment { get; init; }

    /// <summary>Variables that held secrets: which one, or nothing where it was made from one.</summary>
    public required ImmutableSortedDictionary<string, string> SecretVariables { get; init; }

    /// <summary>Its working folder.</summary>
    public required string WorkingDirectory { get; init; }

    /// <summary>Its program and arguments, secrets masked.</summary>
    public required ImmutableArray<string> Arguments { get; init; }

    /// <summary>The JSON form.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, KeptRootJson.Default.KeptRoot);

    /// <summary>Reads the JSON form; null where it is damaged or of another format.</summary>
    public static KeptRoot? TryParse(ReadOnlySpan<byte> content)
    {
        try
        {
            return JsonSerializer.Deserialize(content, KeptRootJson.Default.KeptRoot) is { Format: CurrentFormat } root ? root : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>The JSON form of kept roots.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true)]
[JsonSerializable(typeof(KeptRoot))]
internal sealed partial class KeptRootJson : JsonSerializerContext;
