// A step that ends its stage with a result.
class StepFailed extends RuntimeException {
    final String result
    StepFailed(String message, String result = 'FAILURE') {
        super(message, null, false, false)
        this.result = result
    }
}
