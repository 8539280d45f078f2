// An error with a message for the user.
class Refused extends RuntimeException {
    Refused(String message) { super(message, null, false, false) }
}
