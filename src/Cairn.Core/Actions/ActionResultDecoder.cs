using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Events;
using Cairn.Core.Protobuf;

namespace Cairn.Core.Actions;

/// <summary>Reads an <c>ActionResult</c> back, from bytes that nobody vouches for.</summary>
public static class ActionResultDecoder
{
    /// <summary>The latest second of a <c>Timestamp</c>: that of the end of the year 9999.</summary>
    private const long SecondsMax = 253_402_300_799;

    /// <summary>Reads a result. Null, with the reason, where it is none of an action that succeeded, or none that Cairn wrote.</summary>
    public static ActionResult? TryDecode(ReadOnlySpan<byte> bytes, out string? error)
    {
        var reader = new ProtoReader(bytes);
        if (bytes.Length > Limits.ActionBlobBytesMax)
        {
            reader.Fail("more bytes than a result may have");
        }

        var files = new List<OutputFile>();
        var links = new List<OutputFile>();
        Digest? log = null;
        var draft = new Draft();
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    files.Add(ReadFile(ref reader));
                    break;
                case 4:
                    if (reader.Varint() != 0)
                    {
                        reader.Fail("an exit code, and only success is kept");
                    }

                    break;
                case 6:
                    log = reader.Digest();
                    break;
                case 9:
                    ReadMetadata(ref reader, draft);
                    break;
                case 12:
                    links.Add(ReadLink(ref reader));
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        var outputs = Merge(ref reader, files, links);
        if (reader.Error is null && (draft.Action is null || draft.Resources is null || draft.Time is null))
        {
            reader.Fail("nothing that tells of its execution");
        }

        if (reader.Error is not null)
        {
            error = $"The result has {reader.Error}";
            return null;
        }

        error = null;
        return new ActionResult
        {
            Action = draft.Action!.Value,
            Outputs = outputs,
            Log = log,
            LogIndex = draft.LogIndex,
            StepOutputs = draft.StepOutputs is null ? ImmutableSortedDictionary<string, string>.Empty : draft.StepOutputs.ToImmutable(),
            Summary = draft.Summary,
            Tests = draft.Tests,
            Resources = draft.Resources!,
            Origin = new ActionOrigin(draft.Run, draft.Job, draft.Time!.Value, draft.Host, draft.Project),
        };
    }

    /// <summary>Both lists in one; each must be in order, and no path may stand twice.</summary>
    private static ImmutableArray<OutputFile> Merge(ref ProtoReader reader, List<OutputFile> files, List<OutputFile> links)
    {
        var merged = ImmutableArray.CreateBuilder<OutputFile>(files.Count + links.Count);
        for (var (file, link) = (0, 0); file < files.Count || link < links.Count;)
        {
            var takesFile = link == links.Count || (file < files.Count && Utf8Order.Compare(files[file].Path, links[link].Path) < 0);
            var next = takesFile ? files[file++] : links[link++];
            if (merged.Count > 0 && Utf8Order.Compare(merged[^1].Path, next.Path) >= 0)
            {
                reader.Fail("outputs out of order");
                break;
            }

            merged.Add(next);
        }

        return merged.DrainToImmutable();
    }

    private static OutputFile ReadFile(ref ProtoReader reader)
    {
        var path = "";
        Digest? digest = null;
        var executable = false;
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    path = message.Text();
                    break;
                case 2:
                    digest = message.Digest();
                    break;
                case 4:
                    executable = message.Bool();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        if (message.Error is null && (digest is null || !RelativePath.IsPlain(path)))
        {
            message.Fail("an output without a digest, or that is not in the project");
        }

        Join(ref reader, message.Error);
        return new OutputFile(path, digest ?? Digest.Empty, executable);
    }

    private static OutputFile ReadLink(ref ProtoReader reader)
    {
        var (path, target) = ("", "");
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    path = message.Text();
                    break;
                case 2:
                    target = message.Text();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        if (message.Error is null && (target.Length == 0 || target.Contains('\0', StringComparison.Ordinal) || !RelativePath.IsPlain(path)))
        {
            message.Fail("a link without a target, or that is not in the project");
        }

        Join(ref reader, message.Error);
        return new OutputFile(path, Digest.Empty, Executable: false, target);
    }

    private static void ReadMetadata(ref ProtoReader reader, Draft draft)
    {
        var message = new ProtoReader(reader.Bytes());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    draft.Host = message.Text();
                    break;
                case 8:
                    draft.Time = ReadTime(ref message);
                    break;
                case 11:
                    ReadAny(ref message, draft);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Join(ref reader, message.Error);
    }

    private static DateTimeOffset ReadTime(ref ProtoReader reader)
    {
        var (seconds, nanoseconds) = (0L, 0);
        var message = new ProtoReader(reader.Bytes());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    seconds = (long)message.Varint();
                    break;
                case 2:
                    nanoseconds = message.Count();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        if (seconds < DateTimeOffset.MinValue.ToUnixTimeSeconds() || seconds > SecondsMax || nanoseconds >= 1_000_000_000)
        {
            message.Fail("a time that there is not");
        }

        Join(ref reader, message.Error);
        return message.Error is null ? DateTimeOffset.FromUnixTimeMilliseconds((seconds * 1_000) + (nanoseconds / 1_000_000)) : default;
    }

    private static void ReadAny(ref ProtoReader reader, Draft draft)
    {
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> value = default;
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    type = message.Bytes();
                    break;
                case 2:
                    value = message.Bytes();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        // Others may leave word of theirs beside ours.
        if (message.Error is null && type.SequenceEqual("type.googleapis.com/cairn.v1.Execution"u8))
        {
            if (draft.Action is not null)
            {
                message.Fail("two accounts of its execution");
            }
            else
            {
                ReadExecution(ref message, value, draft);
            }
        }

        Join(ref reader, message.Error);
    }

    private static void ReadExecution(ref ProtoReader reader, ReadOnlySpan<byte> value, Draft draft)
    {
        var message = new ProtoReader(value);
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    draft.Action = message.Digest();
                    break;
                case 2:
                    draft.Run = message.Text();
                    break;
                case 3:
                    draft.Job = message.Text();
                    break;
                case 4:
                    draft.Project = message.Text();
                    break;
                case 5:
                    draft.LogIndex = message.Digest();
                    break;
                case 6:
                    draft.Summary = message.Digest();
                    break;
                case 7:
                    ReadStepOutput(ref message, draft);
                    break;
                case 8:
                    draft.Tests = ReadTests(ref message);
                    break;
                case 9:
                    draft.Resources = ReadResources(ref message);
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Join(ref reader, message.Error);
    }

    private static void ReadStepOutput(ref ProtoReader reader, Draft draft)
    {
        var (name, value) = ("", "");
        var message = new ProtoReader(reader.BytesItem());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    name = message.Text();
                    break;
                case 2:
                    value = message.Text();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        draft.StepOutputs ??= ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        if (message.Error is null && !draft.StepOutputs.TryAdd(name, value))
        {
            message.Fail("a step output that stands twice");
        }

        Join(ref reader, message.Error);
    }

    private static TestCounts ReadTests(ref ProtoReader reader)
    {
        var (tests, failures, errors, skipped) = (0, 0, 0, 0);
        var failedNames = ImmutableArray.CreateBuilder<string>();
        var message = new ProtoReader(reader.Bytes());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    tests = message.Count();
                    break;
                case 2:
                    failures = message.Count();
                    break;
                case 3:
                    errors = message.Count();
                    break;
                case 4:
                    skipped = message.Count();
                    break;
                case 5:
                    failedNames.Add(message.TextItem());
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Join(ref reader, message.Error);
        return new TestCounts(tests, failures, errors, skipped) { FailedNames = failedNames.DrainToImmutable() };
    }

    private static ResourceUse ReadResources(ref ProtoReader reader)
    {
        var (wall, user, system) = (0.0, 0.0, 0.0);
        var (rss, read, written) = (0L, 0L, 0L);
        var message = new ProtoReader(reader.Bytes());
        while (message.Next())
        {
            switch (message.Field)
            {
                case 1:
                    wall = message.Double();
                    break;
                case 2:
                    user = message.Double();
                    break;
                case 3:
                    system = message.Double();
                    break;
                case 4:
                    rss = message.LongCount();
                    break;
                case 5:
                    read = message.LongCount();
                    break;
                case 6:
                    written = message.LongCount();
                    break;
                default:
                    message.Skip();
                    break;
            }
        }

        Join(ref reader, message.Error);
        return new ResourceUse(wall, user, system, rss, read, written);
    }

    /// <summary>A mistake within a message is one of the message around it.</summary>
    private static void Join(ref ProtoReader outer, string? error)
    {
        if (error is not null)
        {
            outer.Fail(error);
        }
    }

    private sealed class Draft
    {
        public Digest? Action { get; set; }

        public Digest? LogIndex { get; set; }

        public Digest? Summary { get; set; }

        public string Run { get; set; } = "";

        public string Job { get; set; } = "";

        public string Project { get; set; } = "";

        public string Host { get; set; } = "";

        public DateTimeOffset? Time { get; set; }

        public ImmutableSortedDictionary<string, string>.Builder? StepOutputs { get; set; }

        public TestCounts? Tests { get; set; }

        public ResourceUse? Resources { get; set; }
    }
}
