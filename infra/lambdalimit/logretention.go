package lambdalimit

import (
	"fmt"
	"slices"
)

// CheckLogRetention checks for how many days logs are kept
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html).
func CheckLogRetention(days int) error {
	periods := []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
	if !slices.Contains(periods, days) {
		return fmt.Errorf("CloudWatch Logs has no retention of %d days", days)
	}
	return nil
}
