package gateway

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"auth-api/infra/localaws/gateway/limits"
	"auth-api/infra/localaws/store"
)

// Reset forgets what callers used of the usage plans, every token bucket's level and
// what Lambda authorizers answered. commit runs the transaction that drop belongs to;
// when it fails nothing is forgotten.
func (s *Service) Reset(commit func(drop func(*store.Tx) error) error) error {
	if err := s.limits.Reset(commit); err != nil {
		return err
	}
	s.verdicts.mu.Lock()
	clear(s.verdicts.byKey)
	s.verdicts.mu.Unlock()
	return nil
}

// KeyUsage is what one API key used of one usage plan on one day, UTC. The key's value
// is not in it. Limit, Remaining and Period are left out when the plan has no quota;
// Remaining is what was left of the quota's window when the day ended, or is left now.
type KeyUsage struct {
	PlanID    string `json:"planId"`
	Plan      string `json:"plan"`
	KeyID     string `json:"keyId"`
	Key       string `json:"key"`
	Day       string `json:"day"` // 2026-11-22
	Used      int64  `json:"used"`
	Limit     *int64 `json:"limit,omitempty"`
	Remaining *int64 `json:"remaining,omitempty"`
	Period    string `json:"period,omitempty"` // DAY, WEEK or MONTH
}

// UsageView returns what every key used of every plan that it is in: today, and each
// earlier day of the last 90 on which it was used; ordered by plan, key and day.
func (s *Service) UsageView() ([]KeyUsage, error) {
	list := []KeyUsage{}
	now := s.cfg.Now()
	today := now.UTC().Format(time.DateOnly)
	err := s.cfg.Store.View(func(tx *store.Tx) error {
		members, err := UsagePlanKeys.All(tx)
		if err != nil {
			return err
		}
		for _, m := range members {
			p, hasPlan, err := UsagePlans.Get(tx, m.Value.UsagePlanID)
			if err != nil {
				return err
			}
			k, hasKey, err := APIKeys.Get(tx, m.Value.KeyID)
			if err != nil {
				return err
			}
			if !hasPlan || !hasKey {
				continue
			}
			var quota *limits.Quota
			if q := p.QuotaSettings; q != nil {
				quota = &limits.Quota{Limit: q.Limit, Offset: q.Offset, Period: q.Period}
			}
			days, err := s.limits.Usage(m.Value.UsagePlanID, m.Value.KeyID, quota, now.AddDate(0, 0, -90), now)
			if err != nil {
				return err
			}
			for _, d := range days {
				if d.Used == 0 && d.Day != today {
					continue
				}
				u := KeyUsage{PlanID: m.Value.UsagePlanID, Plan: p.Name, KeyID: m.Value.KeyID, Key: k.Name, Day: d.Day, Used: d.Used}
				if quota != nil {
					limit, left := int64(quota.Limit), d.Remaining
					u.Limit, u.Remaining, u.Period = &limit, &left, quota.Period
				}
				list = append(list, u)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading usage: %w", err)
	}
	slices.SortStableFunc(list, func(a, b KeyUsage) int {
		return cmp.Or(cmp.Compare(a.Plan, b.Plan), cmp.Compare(a.Key, b.Key), cmp.Compare(a.PlanID+"/"+a.KeyID, b.PlanID+"/"+b.KeyID), cmp.Compare(a.Day, b.Day))
	})
	return list, nil
}
