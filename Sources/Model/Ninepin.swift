/// The program itself.
public enum Ninepin {
    /// Its version, as `CHANGELOG.md` counts it.
    public static let version = "0.1.0"
}
