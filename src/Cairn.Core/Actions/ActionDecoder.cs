using System.Collections.Immutable;

using Cairn.Core.Content;
using Cairn.Core.Protobuf;

namespace Cairn.Core.Actions;

/// <summary>Reads <c>Action</c> and <c>Command</c> messages back, from bytes that nobody vouches for.</summary>
public static class ActionDecoder
{
    /// <summary>Reads an action and its command out of blobs by digest. Null, with the reason, where one is missing or is not what it should be.</summary>
    public static ActionDescription? TryDecode(Digest action, Func<Digest, ImmutableArray<byte>?> read, out string? error)
    {
        ArgumentNullException.ThrowIfNull(read);
        if (read(action) is not { } bytes)
        {
            error = $"The action `{action}` is not kept any more";
            return null;
        }

        if (TryDecodeAction(bytes.AsSpan(), out error) is not { } decoded)
        {
            return null;
        }

        if (read(decoded.Command) is not { } command)
        {
            error = $"The command `{decoded.Command}` is not kept any more";
            return null;
        }

        return TryDecode(bytes.AsSpan(), command.AsSpan(), out error);
    }

    /// <summary>Reads an action and its command. Null, with the reason, where they are none or do not belong together.</summary>
    public static ActionDescription? TryDecode(ReadOnlySpan<byte> action, ReadOnlySpan<byte> command, out string? error)
    {
        if (TryDecodeAction(action, out error) is not { } decoded)
        {
            return null;
        }

        if (command.Length > Limits.ActionBlobBytesMax || Digest.Of(command) != decoded.Command)
        {
            error = "The command is not the one that the action names";
            return null;
        }

        var reader = new ProtoReader(command);
        var arguments = ImmutableArray.CreateBuilder<string>();
        var environment = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        var outputs = ImmutableArray.CreateBuilder<string>();
        var platform = ImmutableArray<KeyValuePair<string, string>>.Empty;
        var workingDirectory = "";
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    arguments.Add(reader.TextItem());
                    break;
                case 2:
                    AddPair(ref reader, environment);
                    break;
                case 5:
                    platform = ReadPlatform(ref reader);
                    break;
                case 6:
                    workingDirectory = reader.Text();
                    break;
                case 7:
                    outputs.Add(reader.TextItem());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (reader.Error is not null)
        {
            error = $"The command has {reader.Error}";
            return null;
        }

        return new ActionDescription
        {
            Arguments = arguments.DrainToImmutable(),
            Environment = environment.DrainToImmutable(),
            WorkingDirectory = workingDirectory,
            Outputs = outputs.DrainToImmutable(),
            // The action's own count where both have some.
            Platform = decoded.Platform.IsEmpty ? platform : decoded.Platform,
            InputRoot = decoded.InputRoot,
        };
    }

    /// <summary>The command and the input root that an action names; null where it is no action.</summary>
    public static (Digest Command, Digest InputRoot)? TryReadReferences(ReadOnlySpan<byte> action) =>
        TryDecodeAction(action, out _) is { } decoded ? (decoded.Command, decoded.InputRoot) : null;

    private static DecodedAction? TryDecodeAction(ReadOnlySpan<byte> action, out string? error)
    {
        var reader = new ProtoReader(action);
        Digest? command = null;
        Digest? inputRoot = null;
        var platform = ImmutableArray<KeyValuePair<string, string>>.Empty;
        if (action.Length > Limits.ActionBlobBytesMax)
        {
            reader.Fail("more bytes than an action may have");
        }

        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    command = reader.Digest();
                    break;
                case 2:
                    inputRoot = reader.Digest();
                    break;
                case 10:
                    platform = ReadPlatform(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        error = reader.Error is null ? "The action names no command or no input root" : $"The action has {reader.Error}";
        if (reader.Error is not null || command is null || inputRoot is null)
        {
            return null;
        }

        error = null;
        return new DecodedAction(command.Value, inputRoot.Value, platform);
    }

    private static ImmutableArray<KeyValuePair<string, string>> ReadPlatform(ref ProtoReader reader)
    {
        var properties = ImmutableArray.CreateBuilder<KeyValuePair<string, string>>();
        var message = new ProtoReader(reader.Bytes());
        while (message.Next())
        {
            if (message.Field == 1)
            {
                AddPair(ref message, properties);
            }
            else
            {
                message.Skip();
            }
        }

        if (message.Error is { } error)
        {
            reader.Fail(error);
        }

        return properties.DrainToImmutable();
    }

    private static void AddPair(ref ProtoReader reader, ImmutableArray<KeyValuePair<string, string>>.Builder pairs)
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

        if (message.Error is null && pairs.Count > 0 && Utf8Order.Compare(pairs[^1].Key, name) >= 0)
        {
            message.Fail("names out of order");
        }

        if (message.Error is { } error)
        {
            reader.Fail(error);
        }

        pairs.Add(new KeyValuePair<string, string>(name, value));
    }

    private sealed record DecodedAction(Digest Command, Digest InputRoot, ImmutableArray<KeyValuePair<string, string>> Platform);
}
