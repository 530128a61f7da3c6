using System.Collections.Immutable;

using Cairn.Core.Diagnostics;
using Cairn.Core.Language.Model;
using Cairn.Core.Syntax;

namespace Cairn.Core.Language;

/// <summary>Finds the files of a pipeline; the caller does the I/O.</summary>
public interface ISourceLoader
{
    /// <summary>The bytes of a file, its path relative to the project; null where there is none. Throws <see cref="System.IO.IOException"/> with a message fit for a person where it cannot be read.</summary>
    byte[]? Load(string path);
}

/// <summary>What reading a pipeline yields.</summary>
/// <param name="Pipeline">The pipeline, or null after errors.</param>
/// <param name="Diagnostics">Every mistake, sorted by place.</param>
/// <param name="Sources">The files by name, to show lines of.</param>
public sealed record ReadResult(Pipeline? Pipeline, ImmutableArray<Diagnostic> Diagnostics, ImmutableDictionary<string, SourceText> Sources);

/// <summary>Reads a pipeline file with everything it includes.</summary>
public static class PipelineReader
{
    /// <summary>Reads <paramref name="file"/>.</summary>
    public static ReadResult Read(string file, ISourceLoader loader) => throw new NotSupportedException();

    /// <summary>Reads a pipeline that a step generated: <c>version</c>, <c>include</c>, <c>templates</c>, <c>env</c>, <c>defaults</c> and <c>steps</c> only; needs may name <paramref name="existing"/> steps.</summary>
    public static ReadResult ReadGenerated(string file, ISourceLoader loader, Pipeline existing) => throw new NotSupportedException();
}
