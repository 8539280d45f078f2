// Main takes what run-pipeline.sh has read and checked: the configuration, the Jenkinsfiles, and the settings of a run.
class Main {
    static void main(String[] args) {
        def given = [:], files = []
        args.each { a ->
            def (name, value) = a.split('=', 2) as List
            if (name == 'jenkinsfile') files << new File(value) else given[name] = value
        }
        System.exit(new Main().start(given, files))
    }

    private int start(Map given, List<File> files) {
        Webhook webhook = null
        try {
            def controller = new Controller(new File(given.config), new File(given.secrets))
            def good = !controller.problems
            controller.problems.each { System.err.println "run-pipeline.sh: error: $it" }
            files.each { file ->
                def checker = new Checker(controller)
                def errors = checker.check('Jenkinsfile', file.getText('UTF-8'))
                errors.each { System.err.println "run-pipeline.sh: error: $file: $it" }
                good = good && !errors
                if (given.check) checker.commands.each { Runner.say 'sh', it }
            }
            if (given.check) controller.credentials.each { id, c -> Runner.say 'credential', id, c.type }
            if (!good || given.check) return good ? 0 : 1
            webhook = given.webhook ? new Webhook(given.webhook as int) : null
            new Runner(controller, given + [workspace: new File(given.workspace), webhook: webhook]).run(files[0]) == 'SUCCESS' ? 0 : 1
        } catch (Refused e) {
            System.err.println "run-pipeline.sh: error: $e.message"
            1
        } finally { webhook?.close() }
    }
}
