/// A reader of what comes from outside, and what must hold of it whatever it is given.
public struct FuzzTarget: Sendable, CustomStringConvertible {
    /// Looks at one input.
    ///
    /// It returns in a few words what the reader made of it: an input that comes to something new is kept, and mutated in its turn.
    public typealias Check = @Sendable (_ input: [UInt8]) async throws -> String

    /// What it is called on the command line, and in the folder of inputs that once broke it.
    public let name: String
    /// The most bytes of an input.
    public let limit: Int
    let words: [String]
    let seeds: @Sendable () throws -> [[UInt8]]
    let prepare: @Sendable () throws -> Check

    /// Describes a reader.
    ///
    /// - Parameters:
    ///   - limit: the most bytes of an input.
    ///   - words: what its inputs are made of, beside what stands in the seeds.
    ///   - seeds: good inputs, and bad ones that are near to good ones.
    ///   - prepare: makes what the checks of one run share, a folder say, and gives the check. The check throws ``Broken`` where something does not
    ///     hold, and lets no other error out that the reader is allowed to throw.
    public init(
        _ name: String, limit: Int = 1 << 16, words: [String] = [], seeds: @escaping @Sendable () throws -> [[UInt8]],
        prepare: @escaping @Sendable () throws -> Check
    ) {
        (self.name, self.limit, self.words, self.seeds, self.prepare) = (name, limit, words, seeds, prepare)
    }

    /// Its name.
    public var description: String { name }
}

/// Something that must hold and does not.
public struct Broken: Error, Hashable, CustomStringConvertible {
    /// What does not hold.
    public let description: String

    /// Says what does not hold.
    public init(_ description: String) { self.description = description }
}

/// Says that something must hold.
///
/// - Throws: `Broken`.
public func hold(_ isTrue: Bool, _ what: @autoclosure () -> String) throws(Broken) {
    if !isTrue { throw Broken(what()) }
}

/// Reads something, and says that it ends with a value or an error of certain kinds, which tells of itself in a few words.
///
/// - Parameter kinds: whether an error is of the kinds that the reader says it throws.
/// - Returns: the value; nil with the error's words when it threw.
/// - Throws: `Broken` for an error of any other kind, and for one whose text is longer than a screen.
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
