using System.Collections.Immutable;
using System.Runtime.InteropServices;

using Cairn.Core.Diagnostics;

namespace Cairn.Core.Planning.Compiled;

/// <summary>
/// The compiled graph: a plan as bytes, so that a run of an unchanged pipeline parses nothing. A decoded plan behaves exactly as the one that
/// was encoded, places of messages and warnings included; equal plans have equal bytes. Expressions and globs are kept as their
/// texts and parsed when something is asked of them, since most of them never are.
/// </summary>
/// <remarks>
/// <para>A version byte, the table of texts, the pipeline, the jobs, the diagnostics. Integers are varints (seven bits a byte, the low ones first), signed ones zigzag;
/// a text is its number in the table; what stands in several places as one object is written once and then named by number; a list begins with
/// its length, a record of many members with a mask of those that differ from their defaults. <see cref="PlanEncoder"/> and <see cref="PlanDecoder"/> mirror each other line by line.</para>
/// <para>There is no compatibility between versions: a compiled graph can always be made again. Whoever keeps one authenticates it, and
/// looks at <see cref="PlanDependencies"/> to know what it holds for; the decoder itself only promises to keep its head.</para>
/// </remarks>
public static class PlanCodec
{
    /// <summary>The first byte. Grows with every change of the format or of the model.</summary>
    public const byte Version = 5;

    /// <summary>Encodes a plan.</summary>
    public static byte[] Encode(Plan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Encode(plan, []);
    }

    /// <summary>Encodes a plan with what was said while it was made, to be said again.</summary>
    public static byte[] Encode(Plan plan, ImmutableArray<Diagnostic> diagnostics)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return new PlanEncoder().Encode(plan, diagnostics);
    }

    /// <summary>Decodes a plan. Throws <see cref="FormatException"/>, and nothing else, for bytes that <see cref="Encode(Plan)"/> did not make; so does the first use of an expression or a glob that such bytes hold.</summary>
    public static Plan Decode(ReadOnlyMemory<byte> bytes) => Decode(bytes, out _);

    /// <summary>Decodes a plan with what was said while it was made.</summary>
    public static Plan Decode(ReadOnlyMemory<byte> bytes, out ImmutableArray<Diagnostic> diagnostics)
    {
        var array = MemoryMarshal.TryGetArray(bytes, out var segment) ? segment : new ArraySegment<byte>(bytes.ToArray());
        return new PlanDecoder(new CompactReader(array)).Decode(out diagnostics);
    }
}
