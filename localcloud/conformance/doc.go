// Package conformance checks whether a cloud behaves as AWS does: EventBridge,
// SQS, Lambda, DynamoDB, Scheduler, API destinations and CloudWatch Logs, over
// the wire and with the unmodified SDKs. Each test is named after what it checks
// and cites its rules in README.md, which also has how many of them are covered.
//
// It brings a stack of its own, template.json, and a Lambda function, the
// probe, which notes in a table what it receives, and fails as a test instructs
// it to.
//
// # The local cloud
//
//	go test ./localcloud/conformance
//
// builds the probe and the local cloud, makes a cloud assembly of the template and
// starts the local cloud with it, or the program that CONFORMANCE_LOCAL names.
//
// # A real account
//
// Deploy the stack with the AWS CLI and name it. The credentials and the Region
// are those of the CLI.
//
//	cd localcloud/conformance
//	CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -tags lambda.norpc -o ../../dist/conformance/bootstrap ./probe
//	aws cloudformation package --template-file template.json --use-json \
//	    --s3-bucket BUCKET --output-template-file ../../dist/conformance.json
//	aws cloudformation deploy --template-file ../../dist/conformance.json \
//	    --stack-name conformance --capabilities CAPABILITY_IAM
//	CONFORMANCE_STACK=conformance go test -count=1 -timeout 30m .
//
// Run it a few minutes after the deployment: rules and permissions need a moment.
// Two function URLs are open to the public as long as the stack exists. Tests of
// what a deployment refuses are skipped: they start the local cloud.
//
// # Another emulator
//
// Deploy the stack into it and set AWS_ENDPOINT_URL too. It must support
// CloudFormation, from which the tests read where everything is, and functions
// of the runtime provided.al2023.
//
// # What is left out
//
// Lambda waits for a minute before it retries an asynchronous invocation; that
// test needs CONFORMANCE_SLOW=1, wherever it runs. On AWS an event takes some
// minutes to its archive and some to be replayed, so the test that replays one
// needs it there too, and -timeout 90m. README.md lists the rules without a test,
// with the reason for each. On AWS it is not certain which write is throttled, so
// that test is for the local cloud alone.
package conformance
