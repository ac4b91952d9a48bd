/// A reader of external input, and the properties that must hold for any input.
public struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Checks one input.
    ///
    /// Returns a short description of the reader's result: an input with a new result is kept and mutated further.
    public typealias Check = @Sendable (_ input: [UInt8]) async throws -> String

    /// The reader's name on the command line and in the folder of inputs that once broke it.
    public let name: String
    /// The size limit of an input, in bytes.
    public let limit: Int
    let words: [String]
    let seeds: @Sendable () throws -> [[UInt8]]
    let prepare: @Sendable () throws -> Check

    /// Describes a reader.
    ///
    /// - Parameters:
    ///   - limit: the size limit of an input, in bytes.
    ///   - words: pieces for inputs, in addition to the content of the seeds.
    ///   - seeds: valid inputs, and invalid ones that are nearly valid.
    ///   - prepare: creates what the checks of one run share, such as a folder, and returns the check. The check throws ``Broken`` if a
    ///     property does not hold, and must handle all errors that the reader is allowed to throw.
    public init(
        _ name: String, limit: Int = 1 << 16, words: [String] = [], seeds: @escaping @Sendable () throws -> [[UInt8]],
        prepare: @escaping @Sendable () throws -> Check
    ) {
        (self.name, self.limit, self.words, self.seeds, self.prepare) = (name, limit, words, seeds, prepare)
    }

    /// The name.
    public var description: String { name }
}

/// A property that does not hold.
public struct Broken: Error, Hashable, CustomStringConvertible {
    /// The violated property.
    public let description: String

    /// Makes an error with a description of the violated property.
    public init(_ description: String) { self.description = description }
}

/// Checks a property.
///
/// - Throws: `Broken`.
public func hold(_ isTrue: Bool, _ what: @autoclosure () -> String) throws(Broken) {
    if !isTrue { throw Broken(what()) }
}

/// Reads something, and checks that the result is a value or an error of certain kinds with a short description.
///
/// - Parameter kinds: whether the reader is documented to throw an error.
/// - Returns: the value; nil and the error's message if it threw.
/// - Throws: `Broken` for any other error, and for one whose message is longer than a screen.
public func reading<Value>(
    _ what: String, throwing kinds: (any Error) -> Bool, _ read: () throws -> Value
) throws(Broken) -> (value: Value?, words: String) {
    do { return (try read(), "\(what) read") } catch let broken as Broken { throw broken } catch {
        let text = "\(error)"
        try hold(
            kinds(error), "\(what) threw a \(type(of: error)), which is none of the errors that it says it throws: \(text.prefix(300))")
        try hold(text.utf8.count < 16 << 10, "\(what) threw an error whose text has \(text.utf8.count) bytes")
        return (nil, "\(what): \(text)")
    }
}
