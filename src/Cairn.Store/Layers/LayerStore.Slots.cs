using System.Security.Cryptography;
using System.Text;

using Cairn.Store.Files;

namespace Cairn.Store.Layers;

/// <content>
/// Slots: for each place where a tree is used, such as the sources of a step, a link <c>layers/OWNER/slots/HASH</c> to the complete layer that was used there last. They are hints: one that
/// is lost, or wrong, costs a layer.
/// </content>
public sealed partial class LayerStore
{
    private static string NameOf(string slot) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(slot)))[..32];

    private string? Remembered(string slot)
    {
        var link = new FileInfo($"{_path}/{SlotsFolder}/{NameOf(slot)}");
        return link.LinkTarget is { } key && IsKey(key) ? key : null;
    }

    private void Remember(string slot, string key)
    {
        if (string.Equals(Remembered(slot), key, StringComparison.Ordinal))
        {
            return;
        }

        try
        {
            Directory.CreateDirectory($"{_path}/{SlotsFolder}");
            using var slots = DirectoryHandle.Open($"{_path}/{SlotsFolder}");
            slots.ReplaceSymlink(NameOf(slot), key);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another run did so at this moment, or the disk is full.
        }
    }
}
