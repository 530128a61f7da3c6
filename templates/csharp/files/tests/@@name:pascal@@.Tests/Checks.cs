namespace @@name:pascal@@.Tests;

/// <summary>Counts what holds and what does not.</summary>
internal sealed class Checks
{
    private int _passed;
    private int _failed;

    public void Equal<T>(string name, T expected, T actual) =>
        Add(name, EqualityComparer<T>.Default.Equals(expected, actual), $"expected `{expected}`, not `{actual}`");

    public void Throws<TException>(string name, Action action)
        where TException : Exception
    {
        try
        {
            action();
            Add(name, holds: false, $"expected {typeof(TException).Name}");
        }
        catch (TException)
        {
            Add(name, holds: true, "");
        }
    }

    /// <summary>Says how it went; the exit code.</summary>
    public int Report()
    {
        Console.WriteLine($"{_passed} passed, {_failed} failed");
        return _failed == 0 && _passed > 0 ? 0 : 1;
    }

    private void Add(string name, bool holds, string otherwise)
    {
        if (holds)
        {
            _passed++;
            return;
        }

        _failed++;
        Console.Error.WriteLine($"{name}: {otherwise}");
    }
}
